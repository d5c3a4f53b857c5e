// A SAML identity provider: the protocol is samlp's, this says who signs in and what is wrong with it.
//   node saml.js <folder with *.pem>          prints the port it listens on
import { readFileSync } from "node:fs";
import path from "node:path";

import express from "express";
import samlp from "samlp";

const folder = process.argv[2];
const pem = (name) => readFileSync(path.join(folder, `${name}.pem`));
const nobody = { nameId: "nobody", attributes: {} };

let issuer = "";
let state = {};
/** What the tests ask for holds until they ask for something else. */
function reset() {
  state = { key: "idp", user: nobody, participants: [] };
}
reset();

class Profile {
  constructor(user) {
    this.user = user;
  }
  getClaims() {
    return this.user.attributes;
  }
  getNameIdentifier() {
    return { nameIdentifier: this.user.nameId, nameIdentifierFormat: this.user.nameIdFormat };
  }
}
Profile.prototype.metadata = [];
const profileMapper = (user) => new Profile(user);
profileMapper.prototype = Profile.prototype;

const options = () => ({
  issuer: state.issuer ?? issuer,
  cert: pem(`${state.key}-cert`),
  key: pem(`${state.key}-key`),
  profileMapper,
  nameIdentifierFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
  signatureAlgorithm: "rsa-sha256",
  digestAlgorithm: "sha256",
  sessionIndex: "session-1",
  ...state.options,
});

const app = express();
app.use(express.json());

app.post("/control", (request, response) => {
  reset();
  Object.assign(state, request.body);
  response.json({ issuer });
});

app.get("/metadata", (request, response, next) => {
  samlp.metadata({
    issuer: state.metadataIssuer ?? issuer,
    cert: pem(`${state.key}-cert`),
    profileMapper,
    redirectEndpointPath: "/sso",
    postEndpointPath: "/sso",
    logoutEndpointPaths: { redirect: "/slo" },
  })(request, response, next);
});

app.get("/sso", (request, response, next) => {
  samlp.parseRequest(request, (error, asked) => {
    if (error) return next(error);
    const to = asked.assertionConsumerServiceURL;
    samlp.auth({
      recipient: to,
      destination: to,
      ...options(),
      getUserFromRequest: () => state.user,
      getPostURL: (_audience, _dom, _request, callback) => callback(null, to),
    })(request, response, next);
  });
});

// Begun by the provider: what it says without having been asked.
app.get("/initiate", (request, response, next) => {
  const { acs, audience } = request.query;
  samlp.getSamlResponse(
    { recipient: acs, destination: acs, audience, ...options() },
    state.user,
    (error, xml) => (error ? next(error) : response.send(Buffer.from(xml).toString("base64"))),
  );
});

const transactions = new Map();
const store = {
  save(_request, value, callback) {
    const id = `t${transactions.size + 1}`;
    transactions.set(id, value);
    callback(null, id);
  },
  load(_request, id, _options, callback) {
    callback(null, transactions.get(id));
  },
  update(_request, id, value, callback) {
    transactions.set(id, value);
    callback(null, id);
  },
};

class Participants {
  constructor(all) {
    this.all = all;
  }
  get(entity, _indexes, nameId, callback) {
    callback(null, this.all.find((each) => each.serviceProviderId === entity && each.nameId === nameId));
  }
  hasElements() {
    return this.all.length > 0;
  }
  getFirst(callback) {
    callback(null, this.all[0]);
  }
  remove(_entity, _index, nameId, callback) {
    this.all = this.all.filter((each) => each.nameId !== nameId);
    callback(null);
  }
}

app.get("/slo", (request, response, next) => {
  request.body ??= {};
  samlp.logout({
    ...options(),
    deflate: true,
    protocolBinding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
    sessionParticipants: new Participants([...state.participants]),
    store,
  })(request, response, next);
});

// eslint-disable-next-line no-unused-vars -- Express knows it by its four arguments
app.use((error, _request, response, _next) => {
  response.status(400).send(String(error.message ?? error));
});

const server = app.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  issuer = `http://127.0.0.1:${port}/metadata`;
  console.log(port);
});
// The tests that started us are gone.
process.stdin.resume().on("end", () => process.exit(0));
