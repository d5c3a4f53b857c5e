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

/** A page that its address opened with the dialog on it. */
function OpenedPage({ backTo }: { readonly backTo?: string }) {
  const [isOpen, setOpen] = useState(true);
  return (
    <main id="main" tabIndex={-1}>
      <Button id="ask">Ask</Button>
      {isOpen && <Modal opened backTo={backTo} onClose={() => setOpen(false)} title="A question" />}
    </main>
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

it.each([
  ["ask", () => screen.getByRole("button", { name: "Ask" })],
  [undefined, () => screen.getByRole("main")],
] as const)("gives it to what is named, else to the page, when nobody there opened it: %s", async (backTo, next) => {
  render(
    <MantineProvider env="test">
      <OpenedPage {...(backTo === undefined ? {} : { backTo })} />
    </MantineProvider>,
  );
  await waitFor(() => expect(screen.getByRole("dialog", { name: "A question" })).toContainElement(document.activeElement as HTMLElement));

  await userEvent.setup().keyboard("{Escape}");

  await waitFor(() => expect(next()).toHaveFocus());
});
