import { Drawer as MantineDrawer, Modal as MantineModal, type DrawerProps, type ModalProps } from "@mantine/core";
import { useEffect, useState } from "react";

/** Over the page. Whoever opened it has the keyboard again when it goes. */
export function Modal(props: ModalProps) {
  useFocusBack(props.opened);
  return <MantineModal {...props} />;
}

/** The same from the side. */
export function Drawer(props: DrawerProps) {
  useFocusBack(props.opened);
  return <MantineDrawer {...props} />;
}

/** Mantine gives focus back when a dialog that stays is closed; most of ours are taken away instead. */
function useFocusBack(opened: boolean): void {
  const [opener] = useState(() => (opened ? openerNow() : null));
  useEffect(
    () => () => {
      // What closes it may put the focus elsewhere itself; that comes first.
      window.setTimeout(() => {
        const isFree = document.activeElement === null || document.activeElement === document.body;
        if (isFree && opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
      });
    },
    [opener],
  );
}

/** Of an item of a menu, which goes with it, the button of the menu. */
function openerNow(): Element | null {
  const active = document.activeElement;
  const menu = active?.closest("[role=menu]");
  return menu === null || menu === undefined ? active : document.querySelector(`[aria-controls="${CSS.escape(menu.id)}"]`);
}
