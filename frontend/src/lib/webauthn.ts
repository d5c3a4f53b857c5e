/** Passkeys: what the browser wants is bytes, what the server sends and takes is base64url. */

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const padded = text.replace(/-/g, "+").replace(/_/g, "/").padEnd(Math.ceil(text.length / 4) * 4, "=");
  return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
}

export function textOfBytes(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
}

interface Descriptor {
  readonly id: string;
  readonly type: "public-key";
  readonly transports?: AuthenticatorTransport[];
}

interface RequestOptions {
  readonly publicKey: Omit<PublicKeyCredentialRequestOptions, "challenge" | "allowCredentials"> & {
    readonly challenge: string;
    readonly allowCredentials?: readonly Descriptor[];
  };
}

interface CreationOptions {
  readonly publicKey: Omit<PublicKeyCredentialCreationOptions, "challenge" | "user" | "excludeCredentials"> & {
    readonly challenge: string;
    readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
    readonly excludeCredentials?: readonly Descriptor[];
  };
}

/** Why there can be no passkeys here, or null. */
export function passkeysMissing(): string | null {
  if (!window.isSecureContext) return "Passkeys need https.";
  if (/^[\d.]+$|:/.test(window.location.hostname)) {
    return "Passkeys belong to a name: open Headway under its host name (localhost on your own machine) instead of its address.";
  }
  if (typeof PublicKeyCredential === "undefined") return "This browser knows no passkeys.";
  return null;
}

/** Whether the browser can offer passkeys in the list that it opens at the address field. */
export async function canAutofill(): Promise<boolean> {
  if (passkeysMissing() !== null) return false;
  return (await PublicKeyCredential.isConditionalMediationAvailable?.()) ?? false;
}

function described({ id, type, transports }: Descriptor): PublicKeyCredentialDescriptor {
  return { id: bytesOf(id), type, ...(transports === undefined ? {} : { transports }) };
}

/** Asks for a passkey; null when the person turns away. */
export async function askForPasskey(
  options: unknown,
  how: { readonly signal?: AbortSignal; readonly mediation?: CredentialMediationRequirement } = {},
): Promise<unknown> {
  const { challenge, allowCredentials, ...rest } = (options as RequestOptions).publicKey;
  const credential = await asked(() =>
    navigator.credentials.get({
      publicKey: { ...rest, challenge: bytesOf(challenge), allowCredentials: (allowCredentials ?? []).map(described) },
      ...how,
    }),
  );
  if (!(credential instanceof PublicKeyCredential)) return null;
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    ...common(credential),
    response: {
      clientDataJSON: textOfBytes(response.clientDataJSON),
      authenticatorData: textOfBytes(response.authenticatorData),
      signature: textOfBytes(response.signature),
      userHandle: response.userHandle === null ? null : textOfBytes(response.userHandle),
    },
  };
}

/** Makes a passkey; null when the person turns away. */
export async function makePasskey(options: unknown): Promise<unknown> {
  const { challenge, user, excludeCredentials, ...rest } = (options as CreationOptions).publicKey;
  const credential = await asked(() =>
    navigator.credentials.create({
      publicKey: {
        ...rest,
        challenge: bytesOf(challenge),
        user: { ...user, id: bytesOf(user.id) },
        excludeCredentials: (excludeCredentials ?? []).map(described),
      },
    }),
  );
  if (!(credential instanceof PublicKeyCredential)) return null;
  const response = credential.response as AuthenticatorAttestationResponse;
  return {
    ...common(credential),
    response: {
      clientDataJSON: textOfBytes(response.clientDataJSON),
      attestationObject: textOfBytes(response.attestationObject),
    },
  };
}

function common(credential: PublicKeyCredential) {
  return {
    id: credential.id,
    rawId: textOfBytes(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function asked<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    // Turned away, timed out, or another question came: the browser tells none apart from the others.
    if (error instanceof DOMException && (error.name === "NotAllowedError" || error.name === "AbortError")) return null;
    if (error instanceof DOMException && error.name === "InvalidStateError") {
      throw new Error("This device holds a passkey for your login already.", { cause: error });
    }
    throw error;
  }
}
