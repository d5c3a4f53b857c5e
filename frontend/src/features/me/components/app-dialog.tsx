import { Skeleton, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { CodeSnippet } from "@/components/ui/code-snippet";
import { ErrorState } from "@/components/ui/error-state";
import { activateApp, offerApp } from "@/features/me/api/security";
import { AskDialog } from "@/features/me/components/ask-dialog";
import { QrCode } from "@/features/me/components/qr-code";
import { meKeys } from "@/features/me/keys";
import { inGroups } from "@/features/me/model";
import { useChange } from "@/features/me/use-change";
import type { Guard } from "@/lib/guard";

interface AppDialogProps {
  readonly guard: Guard;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** A secret for an authenticator app, scanned or typed off, and a code as the proof that it arrived. */
export function AppDialog({ guard, onDone, onClose }: AppDialogProps) {
  // Each offer is another secret: asked for once, and never taken from memory.
  const offer = useQuery({ queryKey: ["me", "app-offer"], queryFn: offerApp, gcTime: 0, staleTime: Infinity, retry: false, refetchOnWindowFocus: false });
  const [code, setCode] = useState("");
  const digits = code.replace(/\s/g, "");
  const activating = useChange({ guard, run: () => activateApp(digits), reads: [meKeys.factors], onDone });
  return (
    <AskDialog
      title="Set up an authenticator app"
      verb="Turn it on"
      gap={/^\d{6}$/.test(digits) ? null : "Type the six digits that the app shows."}
      busy={activating.isPending}
      error={activating.error}
      onConfirm={() => activating.mutate()}
      onClose={onClose}
    >
      {offer.isPending ? (
        <Skeleton height={240} role="status" aria-label="Making a secret" />
      ) : offer.isError ? (
        <ErrorState error={offer.error} what="secret" onRetry={() => void offer.refetch()} />
      ) : (
        <>
          <p style={{ margin: 0 }}>Scan this with the app on your phone:</p>
          <QrCode text={offer.data.totp_url} label="QR code for the authenticator app" />
          <details>
            <summary className="link">Can’t scan it?</summary>
            <p className="muted" style={{ margin: "8px 0" }}>
              Type this secret into the app; codes have six digits and change every 30 seconds.
            </p>
            <CodeSnippet code={inGroups(offer.data.secret)} label="secret" />
          </details>
          <TextInput
            label="Code that the app shows now"
            inputMode="numeric"
            autoComplete="one-time-code"
            data-autofocus
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
        </>
      )}
    </AskDialog>
  );
}
