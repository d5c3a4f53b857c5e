import { Button, MantineProvider, Menu } from "@mantine/core";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";

import { Drawer, Modal } from "./dialog";

/** A page that takes its dialog away to close it, as ours do. */
function PageWithDialogs() {
  const [asked, setAsked] = useState<"modal" | "drawer" | null>(null);
  const close = () => setAsked(null);
  return (
    <>
      <Button onClick={() => setAsked("modal")}>Ask</Button>
      <Menu>
        <Menu.Target>
          <Button>More</Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setAsked("drawer")}>Look</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked === "modal" && <Modal opened onClose={close} title="A question" />}
      {asked === "drawer" && <Drawer opened onClose={close} title="A closer look" />}
    </>
  );
}

function open() {
  render(
    <MantineProvider env="test">
      <PageWithDialogs />
    </MantineProvider>,
  );
  return userEvent.setup();
}

it("gives the keyboard back to what opened it", async () => {
  const user = open();
  await user.click(screen.getByRole("button", { name: "Ask" }));
  await waitFor(() => expect(screen.getByRole("dialog", { name: "A question" })).toContainElement(document.activeElement as HTMLElement));

  await user.keyboard("{Escape}");

  await waitFor(() => expect(screen.getByRole("button", { name: "Ask" })).toHaveFocus());
});

it("gives it to the button of the menu that it was opened from", async () => {
  const user = open();
  await user.click(screen.getByRole("button", { name: "More" }));
  await user.click(await screen.findByRole("menuitem", { name: "Look" }));
  await waitFor(() => expect(screen.getByRole("dialog", { name: "A closer look" })).toContainElement(document.activeElement as HTMLElement));

  await user.keyboard("{Escape}");

  await waitFor(() => expect(screen.getByRole("button", { name: "More" })).toHaveFocus());
});
