import { Drawer as MantineDrawer, Modal as MantineModal, type DrawerProps, type ModalProps } from "@mantine/core";
import { useEffect, useState } from "react";

interface BackTo {
  /** The id of what has the keyboard afterwards where the opener is gone: it was on another page, or the address opened it. */
  readonly backTo?: string | undefined;
}

/** Over the page. Whoever opened it has the keyboard again when it goes. */
export function Modal({ backTo, ...props }: ModalProps & BackTo) {
  useFocusBack(props.opened, backTo);
  return <MantineModal {...props} />;
}

/** The same from the side. */
export function Drawer({ backTo, ...props }: DrawerProps & BackTo) {
  useFocusBack(props.opened, backTo);
  return <MantineDrawer {...props} />;
}

/** Mantine gives focus back when a dialog that stays is closed; most of ours are taken away instead. */
function useFocusBack(opened: boolean, backTo: string | undefined): void {
  const [opener] = useState(() => (opened ? openerNow() : null));
  useEffect(
    () => () => {
      // What closes it may put the focus elsewhere itself; that comes first.
      window.setTimeout(() => {
        const isFree = document.activeElement === null || document.activeElement === document.body;
        const isThere = opener instanceof HTMLElement && opener.isConnected && opener !== document.body;
        const next = isThere ? opener : document.getElementById(backTo ?? "main");
        if (isFree) next?.focus({ preventScroll: true });
      });
    },
    [opener, backTo],
  );
}

/** Of an item of a menu, which goes with it, the button of the menu. */
function openerNow(): Element | null {
  const active = document.activeElement;
  const menu = active?.closest("[role=menu]");
  return menu === null || menu === undefined ? active : document.querySelector(`[aria-controls="${CSS.escape(menu.id)}"]`);
}
