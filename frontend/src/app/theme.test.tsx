import { MantineProvider, Menu } from "@mantine/core";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import { theme } from "./theme";

it("gives a menu that opens nothing but items, and the first of them the focus", async () => {
  const user = userEvent.setup();
  render(
    <MantineProvider theme={theme} env="test">
      <Menu>
        <Menu.Target>
          <button type="button">Views</button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Yours</Menu.Label>
          <Menu.Item>Late loads</Menu.Item>
          <Menu.Item>Save as view…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </MantineProvider>,
  );

  await user.click(screen.getByRole("button", { name: "Views" }));

  await waitFor(() => expect(screen.getByRole("menuitem", { name: "Late loads" })).toHaveFocus());
  expect(screen.getByRole("menu").querySelectorAll("[tabindex]:not([role=menuitem])")).toHaveLength(0);
  await user.keyboard("{ArrowDown}");
  expect(screen.getByRole("menuitem", { name: "Save as view…" })).toHaveFocus();
});
