export interface AccountRef {
  readonly id: string;
  readonly name: string;
}

export interface MeWorkspace {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly account: AccountRef;
}

export interface Me {
  readonly actor: {
    readonly kind: "user" | "api_key";
    readonly id: string;
    readonly name: string;
    readonly email: string | null;
  };
  readonly live_url: string;
  readonly billing: null;
  readonly workspaces: readonly MeWorkspace[];
}
