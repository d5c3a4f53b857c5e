import { Button, Stack } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { askService, servicesQuery } from "@/features/auth/api/auth";
import { FormError } from "@/features/auth/components/form-error";
import { asApiError } from "@/lib/errors";

interface OtherWaysProps {
  /** Where the other service sends people back to. */
  readonly callback: string;
  readonly verb: string;
  readonly children?: ReactNode;
}

/** Signing in without a password of ours; nothing is drawn where there is no other way. */
export function OtherWays({ callback, verb, children }: OtherWaysProps) {
  const { data: services = [] } = useQuery(servicesQuery);
  const going = useMutation({
    mutationFn: (service: string) => askService(service, "login", callback),
    onSuccess: (address) => window.location.assign(address),
  });
  if (services.length === 0 && children === undefined) return null;
  return (
    <>
      <div className="muted" role="separator" style={{ display: "flex", alignItems: "center", gap: 12, margin: "16px 0", fontSize: 13 }}>
        <span style={{ flex: 1, borderTop: "1px solid var(--line)" }} />
        or
        <span style={{ flex: 1, borderTop: "1px solid var(--line)" }} />
      </div>
      <Stack gap={8}>
        {children}
        {services.map(({ id, name }) => (
          <Button key={id} variant="default" h={36} loading={going.isPending && going.variables === id} onClick={() => going.mutate(id)}>
            {verb} with {name}
          </Button>
        ))}
        {going.error !== null && <FormError>{asApiError(going.error).message}</FormError>}
      </Stack>
    </>
  );
}
