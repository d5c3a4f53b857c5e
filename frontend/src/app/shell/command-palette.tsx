import { Modal } from "@mantine/core";
import { useState } from "react";

import { Icon } from "@/components/ui/icon";
import { StateIcon } from "@/components/ui/state-icon";
import type { Command } from "@/app/shell/use-commands";

import styles from "./command-palette.module.css";

interface CommandPaletteProps {
  readonly opened: boolean;
  /** What can be typed, shown until something is. */
  readonly hint: string;
  /** A hook, the same one for as long as the palette lives: what there is to do for a text. */
  readonly commandsFor: (text: string) => readonly Command[];
  readonly onClose: () => void;
}

export function CommandPalette({ opened, hint, commandsFor, onClose }: CommandPaletteProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      size={600}
      yOffset="12vh"
      title="Search or jump to"
      classNames={{ content: styles["content"] ?? "", header: "visually-hidden" }}
    >
      <PaletteBody hint={hint} useCommands={commandsFor} onClose={onClose} />
    </Modal>
  );
}

interface PaletteBodyProps {
  readonly hint: string;
  readonly useCommands: CommandPaletteProps["commandsFor"];
  readonly onClose: () => void;
}

function PaletteBody({ hint, useCommands, onClose }: PaletteBodyProps) {
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const commands = useCommands(text);
  const current = commands[Math.min(active, commands.length - 1)];
  const run = (index: number) => {
    const command = commands[index];
    if (command === undefined) return;
    onClose();
    command.run();
  };
  return (
    <>
      <div className={styles["field"]}>
        <Icon name="search" size={16} />
        <input
          className={styles["input"]}
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={current === undefined ? undefined : `palette-${current.id}`}
          aria-label="Search or jump to"
          placeholder={hint}
          value={text}
          data-autofocus
          onChange={(event) => {
            setText(event.currentTarget.value);
            setActive(0);
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") setActive(Math.min(active + 1, commands.length - 1));
            else if (event.key === "ArrowUp") setActive(Math.max(active - 1, 0));
            else if (event.key === "Enter") run(Math.min(active, commands.length - 1));
            else return;
            event.preventDefault();
          }}
        />
      </div>
      <ul className={styles["list"]} id="palette-list" role="listbox" aria-label="Results">
        {commands.map((command, index) => (
          <li
            key={command.id}
            id={`palette-${command.id}`}
            role="option"
            aria-selected={command === current}
            className={styles["option"]}
            ref={(element) => {
              if (command === current) element?.scrollIntoView({ block: "nearest" });
            }}
            onPointerMove={() => setActive(index)}
            onClick={() => run(index)}
          >
            {command.state === undefined ? <Icon name={command.icon} size={15} /> : <StateIcon kind={command.state} />}
            <span className={styles["title"]}>{command.title}</span>
            <span className={styles["hint"]}>{command.hint}</span>
          </li>
        ))}
      </ul>
      {commands.length === 0 && <p className={styles["none"]}>Nothing is called that.</p>}
    </>
  );
}
