import { Button, Tooltip, type ButtonProps } from "@mantine/core";
import type { ReactNode } from "react";

interface GuardedButtonProps extends ButtonProps {
  readonly id?: string;
  /** Why it can't be pressed now; null when it can. */
  readonly reason: string | null;
  /** Left out for a button that submits its form. */
  readonly onClick?: () => void;
  readonly children: ReactNode;
}

/** What may not be done stays visible and says why. It keeps its focus, so the reason can be read by keyboard. */
export function GuardedButton({ reason, onClick, children, ...rest }: GuardedButtonProps) {
  return (
    <Tooltip label={reason} disabled={reason === null} multiline maw={280} events={{ hover: true, focus: true, touch: true }}>
      <Button
        {...rest}
        type={onClick === undefined ? "submit" : "button"}
        aria-disabled={reason !== null}
        data-disabled={reason !== null || undefined}
        aria-description={reason ?? undefined}
        onClick={(event) => {
          if (reason !== null) event.preventDefault();
          else onClick?.();
        }}
      >
        {children}
      </Button>
    </Tooltip>
  );
}
