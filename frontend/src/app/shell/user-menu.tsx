import { Menu, SegmentedControl, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";

import { ME_ITEMS } from "@/app/shell/me-items";
import { Icon } from "@/components/ui/icon";
import { signOut } from "@/features/sso/api/sso";
import type { Me } from "@/schema/wire/session";

import styles from "./rail.module.css";

const SCHEMES: readonly { value: MantineColorScheme; label: string }[] = [
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
  { value: "auto", label: "System" },
];

export function UserMenu({ me }: { readonly me: Me }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const client = useQueryClient();
  const router = useRouter();
  const navigate = useNavigate();
  const leave = useMutation({
    mutationFn: signOut,
    onSettled: (provider) => {
      client.clear();
      // Whoever came by their company's provider ends the session there, too.
      if (provider == null) router.history.push("/login");
      else window.location.assign(provider);
    },
  });
  const name = me.actor.name === "" ? (me.actor.email ?? "You") : me.actor.name;
  return (
    <Menu width={248} position="top-start">
      <Menu.Target>
        <button type="button" className={styles["item"]} aria-label={`${name}, your account`}>
          <Icon name="user" size={17} />
          <span className={styles["label"]} style={{ overflow: "hidden", textOverflow: "ellipsis" }}>
            {name}
          </span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.actor.email ?? name}</Menu.Label>
        <div style={{ padding: "4px 8px 8px" }}>
          <SegmentedControl
            fullWidth
            size="xs"
            aria-label="Colours"
            value={colorScheme}
            onChange={setColorScheme}
            data={[...SCHEMES]}
          />
        </div>
        <Menu.Divider />
        {ME_ITEMS.map((item) => (
          <Menu.Item key={item.to} leftSection={<Icon name={item.icon} size={14} />} onClick={() => void navigate({ to: item.to })}>
            {item.label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="logout" size={14} />} onClick={() => leave.mutate()}>
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
