import { Button, Group, Stack } from "@mantine/core";

import { Modal } from "@/components/ui/dialog";
import { Icon } from "@/components/ui/icon";
import { useCopy } from "@/components/ui/use-copy";
import { inGroups } from "@/features/me/model";

import styles from "./rows.module.css";

interface CodesDialogProps {
  readonly codes: readonly string[];
  readonly onClose: () => void;
}

/** Shown once: a click beside the dialog doesn't lose them. */
export function CodesDialog({ codes, onClose }: CodesDialogProps) {
  const { copied, copy } = useCopy();
  const text = `Recovery codes of Headway (${window.location.host}). Each signs you in once.\n\n${codes.join("\n")}\n`;
  return (
    <Modal opened onClose={onClose} title="Keep your recovery codes" closeOnClickOutside={false}>
      <Stack gap={12}>
        <p style={{ margin: 0 }}>Each signs you in once when your app or passkey is out of reach. They are shown this one time; keep them away from this machine.</p>
        <ol className={styles["codes"]} aria-label="Recovery codes">
          {codes.map((code) => (
            <li key={code}>{inGroups(code)}</li>
          ))}
        </ol>
        <Group gap={8}>
          <Button variant="default" size="xs" leftSection={<Icon name="copy" size={14} />} onClick={() => copy(text)}>
            {copied ? "Copied" : "Copy"}
          </Button>
          <Button
            variant="default"
            size="xs"
            leftSection={<Icon name="download" size={14} />}
            component="a"
            href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`}
            download="headway-recovery-codes.txt"
          >
            Download
          </Button>
          <Button variant="default" size="xs" onClick={() => window.print()}>
            Print
          </Button>
          <Button ml="auto" onClick={onClose}>
            I have kept them
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
