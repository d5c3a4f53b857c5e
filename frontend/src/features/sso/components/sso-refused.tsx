import { Button, Stack } from "@mantine/core";
import type { ReactNode } from "react";

import { beginAgain, refusalWords } from "@/features/sso/refusals";

interface SsoRefusedProps {
  readonly code: string | undefined;
  readonly reason: string | undefined;
  readonly connection: string | undefined;
  /** The way to the login page. */
  readonly elsewhere: ReactNode;
}

const REASON = /^[a-z_]{1,40}$/;

/** Where a sign-in by a provider ended that was refused: why, and what to do. */
export function SsoRefused({ code, reason, connection, elsewhere }: SsoRefusedProps) {
  const words = refusalWords(code);
  const again = words.again ? beginAgain(connection) : null;
  return (
    <Stack gap={12}>
      <p role="alert" style={{ margin: 0 }}>
        {words.text}
      </p>
      {code !== undefined && REASON.test(code) && (
        <p className="muted" style={{ margin: 0, fontSize: 13 }}>
          For your admin: <code className="mono">{code}</code>
          {reason !== undefined && REASON.test(reason) && (
            <>
              {" "}
              <code className="mono">{reason}</code>
            </>
          )}
        </p>
      )}
      {again !== null && (
        // An address of the server, not of this app.
        <Button component="a" href={again} h={36}>
          Begin again
        </Button>
      )}
      {elsewhere}
    </Stack>
  );
}
