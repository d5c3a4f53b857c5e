import { http, HttpResponse, type RequestHandler } from "msw";

const A = "*/_allauth/browser/v1";

interface StoredFactor {
  type: string;
  created_at: number;
  last_used_at: number | null;
  id?: number;
  name?: string;
  total_code_count?: number;
  unused_code_count?: number;
}

const CODES = ["12345678", "23456789", "34567890", "45678901", "56789012", "67890123", "78901234", "89012345", "90123456", "01234567"];
const CODE = "123456";
export const PASSWORD = "correct horse battery";

const ok = (data: unknown, status = 200) => HttpResponse.json({ status, data }, { status });

function refused(param: string, code: string, message: string) {
  return HttpResponse.json({ status: 400, errors: [{ param, code, message }] }, { status: 400 });
}

/** A person's own login, kept for one test. */
export function makeMeHandlers({ fresh = false, others = 2 }: { readonly fresh?: boolean; readonly others?: number } = {}): RequestHandler[] {
  let proved = fresh;
  let shown = false;
  const factors: StoredFactor[] = [];
  let addresses = [{ email: "ada@example.com", verified: true, primary: true }];
  const now = Date.now() / 1000;
  let sessions = [
    { id: 1, user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", ip: "192.0.2.7", created_at: now - 90_000, last_seen_at: now, is_current: true },
    ...Array.from({ length: others }, (_, index) => ({
      id: index + 2,
      user_agent: "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36",
      ip: `198.51.100.${index + 1}`,
      created_at: now - 900_000,
      last_seen_at: now - 7200 * (index + 1),
      is_current: false,
    })),
  ];
  const proof = () => HttpResponse.json({ status: 401, data: { flows: [{ id: "reauthenticate" }] }, meta: { is_authenticated: true } }, { status: 401 });

  return [
    http.get(`${A}/auth/session`, () => ok({ user: { has_usable_password: true } })),
    http.post(`${A}/auth/reauthenticate`, async ({ request }) => {
      const body = (await request.json()) as { password: string };
      if (body.password !== PASSWORD) return refused("password", "incorrect_password", "The password is not right.");
      proved = true;
      return ok({});
    }),
    http.get(`${A}/account/authenticators`, () => ok(factors)),
    http.get(`${A}/account/authenticators/totp`, () =>
      HttpResponse.json({ status: 404, meta: { secret: "JBSWY3DPEHPK3PXP", totp_url: "otpauth://totp/ada?secret=JBSWY3DPEHPK3PXP&issuer=Headway" } }, { status: 404 }),
    ),
    http.post(`${A}/account/authenticators/totp`, async ({ request }) => {
      const body = (await request.json()) as { code: string };
      if (body.code !== CODE) return refused("code", "incorrect_code", "This code is not right, or it was used before.");
      if (!proved) return proof();
      factors.push({ type: "totp", created_at: now, last_used_at: null });
      factors.push({ type: "recovery_codes", created_at: now, last_used_at: null, total_code_count: 10, unused_code_count: 10 });
      return ok(factors[0]);
    }),
    http.get(`${A}/account/authenticators/recovery-codes`, () => {
      const codes = shown ? {} : { unused_codes: CODES };
      shown = true;
      return ok({ ...codes, total_code_count: 10, unused_code_count: 10 });
    }),
    http.get(`${A}/account/providers`, () => ok([])),
    http.get(`${A}/account/email`, () => ok(addresses)),
    http.post(`${A}/account/email`, async ({ request }) => {
      const { email } = (await request.json()) as { email: string };
      if (!proved) return proof();
      addresses = [...addresses, { email, verified: false, primary: false }];
      return ok(addresses);
    }),
    http.get(`${A}/auth/sessions`, () => ok(sessions)),
    http.delete(`${A}/auth/sessions`, async ({ request }) => {
      const { sessions: ended } = (await request.json()) as { sessions: number[] };
      sessions = sessions.filter((each) => !ended.includes(each.id));
      return ok(sessions);
    }),
    http.get("*/api/v1/me/deletion", () =>
      HttpResponse.json({
        keys: 2,
        may_delete: true,
        accounts: [
          { id: "1", name: "Ada", fate: "DELETED", members: 1, workspaces: ["Ada’s workspace"], code: null, message: null },
          { id: "2", name: "Acme", fate: "LEFT", members: 3, workspaces: ["Prod"], code: null, message: null },
        ],
      }),
    ),
  ];
}
