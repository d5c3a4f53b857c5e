import type { SsoConnection, SsoDomain } from "@/schema/wire/sso";

const AT = "2026-11-01T08:00:00.000000Z";
const ID = "01900000-0000-7000-8000-0000000000a1";

interface Extra {
  readonly certificates_of?: readonly string[];
}

/** An active OpenID Connect connection, or what the changes make of it. */
export function makeConnection({ certificates_of = [], ...changes }: Partial<SsoConnection> & Extra = {}): SsoConnection {
  const id = changes.id ?? ID;
  const base = `https://headway.example/sso/${id}`;
  const saml = changes.kind === "SAML";
  return {
    id,
    kind: "OIDC",
    name: "Okta",
    settings: {
      issuer: saml ? null : "https://acme.okta.example",
      client_id: saml ? null : "headway",
      scopes: saml ? null : ["openid", "email", "profile"],
      groups_claim: saml ? null : "groups",
      metadata_url: saml ? "" : null,
      entity_id: saml ? "https://idp.example" : null,
      sso_url: saml ? "https://idp.example/sso" : null,
      slo_url: saml ? "" : null,
      certificates: saml ? [...certificates_of] : null,
      email_attribute: saml ? "" : null,
      name_attribute: saml ? "" : null,
      groups_attribute: saml ? "" : null,
      allow_provider_initiated: saml ? false : null,
      sign_requests: saml ? false : null,
    },
    has_client_secret: !saml,
    certificates: [],
    ours: {
      redirect_uri: saml ? null : `${base}/callback`,
      sign_out_uri: saml ? null : "https://headway.example/login",
      back_channel_logout_uri: saml ? null : `${base}/back-channel-logout`,
      entity_id: saml ? `${base}/metadata` : null,
      acs_url: saml ? `${base}/acs` : null,
      sls_url: saml ? `${base}/sls` : null,
      metadata_url: saml ? `${base}/metadata` : null,
      certificate: null,
    },
    login_url: `${base}/login`,
    joins_new_people: true,
    default_role: "MEMBER",
    default_grants: [],
    group_teams: [],
    people: 3,
    tested_at: AT,
    activated_at: AT,
    last_used_at: AT,
    last_error: "",
    last_error_at: null,
    metadata_fetched_at: null,
    created_at: AT,
    updated_at: AT,
    ...changes,
  };
}

export function makeDomain(changes: Partial<SsoDomain> = {}): SsoDomain {
  return {
    id: "01900000-0000-7000-8000-0000000000d1",
    domain: "acme.example",
    record: "headway-verification=8kq2",
    connection_id: null,
    verified_at: AT,
    checked_at: AT,
    missing_since: null,
    lost_at: null,
    last_error: "",
    created_at: AT,
    ...changes,
  };
}
