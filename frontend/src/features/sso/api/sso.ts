import { queryOptions } from "@tanstack/react-query";

import { request } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { Schema } from "@/schema/wire/schema";
import type { SsoConnection, SsoDomain, SsoPerson, SsoPolicy, SsoTest } from "@/schema/wire/sso";

interface Items<T> {
  readonly items: readonly T[];
}

export interface Named {
  readonly id: string;
  readonly name: string;
}

export function ssoKey(account: string) {
  return ["account", account, "sso"] as const;
}

function url(account: string, path: string): string {
  return `/api/v1/account/${encodeURIComponent(account)}${path}`;
}

export function connectionsQuery(account: string) {
  return queryOptions({
    queryKey: [...ssoKey(account), "connections"],
    queryFn: ({ signal }) => request<Items<SsoConnection>>(url(account, "/sso-connections"), { signal }),
  });
}

export function testQuery(account: string, connection: string) {
  return queryOptions({
    queryKey: [...ssoKey(account), "test", connection],
    queryFn: ({ signal }) => request<SsoTest>(url(account, `/sso-connections/${connection}/test`), { signal }),
  });
}

export function peopleQuery(account: string, connection: string) {
  return queryOptions({
    queryKey: [...ssoKey(account), "people", connection],
    queryFn: ({ signal }) => request<Page<SsoPerson>>(url(account, `/sso-connections/${connection}/people`), { signal, query: { limit: 500 } }),
  });
}

export function policyQuery(account: string) {
  return queryOptions({
    queryKey: [...ssoKey(account), "policy"],
    queryFn: ({ signal }) => request<SsoPolicy>(url(account, "/sso"), { signal }),
  });
}

export function domainsQuery(account: string) {
  return queryOptions({
    queryKey: [...ssoKey(account), "domains"],
    queryFn: ({ signal }) => request<Items<SsoDomain>>(url(account, "/domains"), { signal }),
  });
}

/** What newcomers can be given: workspaces, with roles in them. */
export function workspaceNamesQuery(account: string) {
  return queryOptions({
    queryKey: [...ssoKey(account), "workspaces"],
    queryFn: ({ signal }) => request<Page<Schema<"AccountWorkspaceOutput">>>(url(account, "/workspaces"), { signal, query: { state: "active", limit: 500 } }),
    select: ({ items }): readonly Named[] => items,
  });
}

export function roleNamesQuery(account: string) {
  return queryOptions({
    queryKey: [...ssoKey(account), "roles"],
    queryFn: ({ signal }) => request<Schema<"RoleList">>(url(account, "/roles"), { signal }),
    select: ({ items }) => items,
  });
}

/** What groups can be mapped to. */
export function teamNamesQuery(account: string) {
  return queryOptions({
    queryKey: [...ssoKey(account), "teams"],
    queryFn: ({ signal }) => request<Page<Schema<"TeamOutput">>>(url(account, "/teams"), { signal, query: { limit: 500 } }),
    select: ({ items }) => items,
  });
}

export function createConnection(account: string, body: object): Promise<SsoConnection> {
  return request<SsoConnection>(url(account, "/sso-connections"), { method: "POST", body });
}

export function changeConnection(account: string, id: string, body: object): Promise<SsoConnection> {
  return request<SsoConnection>(url(account, `/sso-connections/${id}`), { method: "PATCH", body });
}

export function deleteConnection(account: string, id: string): Promise<unknown> {
  return request<unknown>(url(account, `/sso-connections/${id}`), { method: "DELETE" });
}

export function startTest(account: string, id: string): Promise<{ readonly url: string }> {
  return request<{ readonly url: string }>(url(account, `/sso-connections/${id}/test`), { method: "POST" });
}

export function setActive(account: string, id: string, active: boolean): Promise<SsoConnection> {
  return request<SsoConnection>(url(account, `/sso-connections/${id}/activation`), { method: active ? "POST" : "DELETE" });
}

export function unlinkPerson(account: string, connection: string, id: string): Promise<unknown> {
  return request<unknown>(url(account, `/sso-connections/${connection}/people/${id}`), { method: "DELETE" });
}

export function setRequired(account: string, required: boolean): Promise<SsoPolicy> {
  return request<SsoPolicy>(url(account, "/sso"), { method: "PATCH", body: { required } });
}

export function addDomain(account: string, domain: string): Promise<SsoDomain> {
  return request<SsoDomain>(url(account, "/domains"), { method: "POST", body: { domain } });
}

export function routeDomain(account: string, id: string, connection: string | null): Promise<SsoDomain> {
  return request<SsoDomain>(url(account, `/domains/${id}`), { method: "PATCH", body: { connection_id: connection } });
}

export function removeDomain(account: string, id: string): Promise<unknown> {
  return request<unknown>(url(account, `/domains/${id}`), { method: "DELETE" });
}

export function verifyDomain(account: string, id: string): Promise<SsoDomain> {
  return request<SsoDomain>(url(account, `/domains/${id}/verification`), { method: "POST" });
}

/** Where somebody with this address signs in; null: not by a provider. */
export async function discover(email: string): Promise<string | null> {
  const found = await request<{ readonly url: string | null }>("/api/v1/sso/discovery", { method: "POST", body: { email } });
  return found.url;
}

/** Ends the session; returns where the provider's own is ended, for those who came by one. */
export async function signOut(): Promise<string | null> {
  const left = await request<{ readonly url: string | null }>("/api/v1/sso/sign-out", { method: "POST" });
  return left.url;
}
