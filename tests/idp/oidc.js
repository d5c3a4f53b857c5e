// An OpenID Connect provider with login and consent pages. Clients register themselves; whoever
// types a login is that person.
//   node oidc.js [the host of its issuer]          prints the port it listens on
import Provider from "oidc-provider";
import { createServer } from "node:http";

const host = process.argv[2] ?? "127.0.0.1";
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  const provider = new Provider(`http://${host}:${port}`, {
    features: {
      registration: { enabled: true },
      devInteractions: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      backchannelLogout: { enabled: true },
    },
    pkce: { required: () => true },
    claims: {
      openid: ["sub"],
      email: ["email", "email_verified"],
      profile: ["name", "groups"],
    },
    cookies: { keys: ["for tests only"] },
    // Its own dispatcher calls no loopback, where our tests listen, and has little patience.
    fetch: (url, options) =>
      fetch(url, { ...options, dispatcher: undefined, signal: AbortSignal.timeout(60_000) }),
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: id,
        email_verified: true,
        name: id.split("@")[0],
        groups: ["engineers"],
      }),
    }),
  });
  server.on("request", provider.callback());
  console.log(port);
});
// The tests that started us are gone.
process.stdin.resume().on("end", () => process.exit(0));
