import { PasswordInput, SegmentedControl, Switch, Textarea, TextInput } from "@mantine/core";

import type { Draft, MetadataWay } from "@/features/sso/model";

import styles from "./sso.module.css";

interface ProviderFieldsProps {
  readonly draft: Draft;
  readonly hasSecret: boolean;
  readonly errorOf: (field: string) => string | undefined;
  readonly onChange: (change: Partial<Draft>) => void;
}

const WAYS: readonly { value: MetadataWay; label: string }[] = [
  { value: "url", label: "Metadata address" },
  { value: "xml", label: "Metadata" },
  { value: "hand", label: "By hand" },
];

/** What the provider says of itself. */
export function ProviderFields({ draft, hasSecret, errorOf, onChange }: ProviderFieldsProps) {
  const text = (label: string, field: keyof Draft & string, wire: string, more: { description?: string; placeholder?: string } = {}) => (
    <TextInput
      label={label}
      spellCheck={false}
      autoComplete="off"
      {...more}
      value={String(draft[field])}
      onChange={(event) => onChange({ [field]: event.currentTarget.value })}
      error={errorOf(`settings.${wire}`)}
    />
  );
  if (draft.kind === "OIDC") {
    return (
      <div className={styles["section"]}>
        {text("Issuer", "issuer", "issuer", { placeholder: "https://login.example.com", description: "Exactly as the provider writes it" })}
        {text("Client id", "clientId", "client_id")}
        <PasswordInput
          label="Client secret"
          description={hasSecret ? "One is stored. It is never shown; leave this empty to keep it." : "Stored encrypted, and never shown again"}
          autoComplete="new-password"
          value={draft.clientSecret}
          onChange={(event) => onChange({ clientSecret: event.currentTarget.value })}
          error={errorOf("client_secret")}
        />
        {text("Claim with the groups", "groupsClaim", "groups_claim")}
      </div>
    );
  }
  return (
    <div className={styles["section"]}>
      <SegmentedControl aria-label="How the provider is described" data={[...WAYS]} value={draft.way} onChange={(way) => onChange({ way: WAYS.find((each) => each.value === way)?.value ?? "url" })} />
      {draft.way === "url" && text("Address of its metadata", "metadataUrl", "metadata_url", { placeholder: "https://login.example.com/metadata.xml", description: "Read again by itself, so that new certificates are known in time" })}
      {draft.way === "xml" && (
        <Textarea label="Its metadata" autosize minRows={5} maxRows={12} spellCheck={false} value={draft.metadataXml} onChange={(event) => onChange({ metadataXml: event.currentTarget.value })} error={errorOf("settings.metadata_xml")} />
      )}
      {draft.way === "hand" && (
        <>
          {text("Its entity id", "entityId", "entity_id")}
          {text("Sign-in address", "ssoUrl", "sso_url", { description: "HTTP-Redirect" })}
          {text("Sign-out address", "sloUrl", "slo_url", { description: "Optional" })}
          <Textarea
            label="Certificates"
            description="PEM; several while keys roll over"
            autosize
            minRows={4}
            maxRows={10}
            spellCheck={false}
            value={draft.certificates}
            onChange={(event) => onChange({ certificates: event.currentTarget.value })}
            error={errorOf("settings.certificates")}
          />
        </>
      )}
      {text("Attribute with the address", "emailAttribute", "email_attribute", { placeholder: "the usual ones" })}
      {text("Attribute with the name", "nameAttribute", "name_attribute", { placeholder: "the usual ones" })}
      {text("Attribute with the groups", "groupsAttribute", "groups_attribute", { placeholder: "the usual ones" })}
      <Switch
        label="The provider may begin a sign-in"
        description="For tiles on its own start page. Off is safer: such a sign-in is bound to no browser."
        checked={draft.providerInitiated}
        onChange={(event) => onChange({ providerInitiated: event.currentTarget.checked })}
      />
      <Switch label="Sign our requests" description="Some providers ask for it" checked={draft.signRequests} onChange={(event) => onChange({ signRequests: event.currentTarget.checked })} />
    </div>
  );
}
