// A real OpenID provider on one port: node provider.mjs <folder>. The folder's setup.json says how it is set up, its
// state.json, read at each use, who has an account there and whether it lies about whom it has signed in.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { exportJWK, SignJWT } from 'jose';
import Provider from 'oidc-provider';

const folder = process.argv[2];
const read = (name) => JSON.parse(fs.readFileSync(`${folder}/${name}`, 'utf8'));
const setup = read('setup.json');
const newKey = () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const own = newKey();
const strange = newKey();
const kid = crypto.randomBytes(8).toString('hex');

const provider = new Provider(setup.issuer, {
  clients: setup.clients,
  jwks: { keys: [{ ...(await exportJWK(own)), kid, use: 'sig', alg: 'RS256' }] },
  cookies: { keys: [crypto.randomBytes(24).toString('hex')] },
  claims: { openid: ['sub'], profile: ['preferred_username', 'groups'], email: ['email', 'email_verified'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  ttl: { AccessToken: setup.access_seconds, IdToken: 600, Interaction: 600, Session: 3600, Grant: 3600, RefreshToken: 3600 },
  issueRefreshToken: async () => true,
  // a refresh token is good for one use: a second one ends the grant, as at the strictest of providers
  rotateRefreshToken: true,
  findAccount: async (ctx, id) => {
    const claims = read('state.json').accounts[id];
    return claims && { accountId: id, claims: async () => ({ ...claims, sub: id }) };
  },
  // whoever signs in consents
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ accountId: ctx.oidc.session.accountId, clientId: ctx.oidc.client.clientId });
    grant.addOIDCScope(ctx.oidc.params.scope);
    await grant.save();
    return grant;
  },
});

// the lies: each is an ID token that a client must not believe
const lies = {
  key: (claims) => [claims, strange],
  audience: (claims) => [{ ...claims, aud: 'another' }, own],
  issuer: (claims) => [{ ...claims, iss: 'https://id.example.org' }, own],
  nonce: (claims) => [{ ...claims, nonce: 'of another sign-in' }, own],
  'no nonce': ({ nonce, ...claims }) => [claims, own],
  expired: (claims) => [{ ...claims, iat: claims.iat - 7200, exp: claims.iat - 3600 }, own],
  person: (claims) => [{ ...claims, sub: setup.another }, own],
};
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function lied(token, lie) {
  const told = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  if (lie === 'unsigned') return `${part({ alg: 'none', kid })}.${part(told)}.`;
  if (lie === 'secret') {
    const key = new TextEncoder().encode(setup.clients[0].client_secret);
    return new SignJWT(told).setProtectedHeader({ alg: 'HS256', kid }).sign(key);
  }
  const [claims, key] = lies[lie](told);
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(key);
}

provider.use(async (ctx, next) => {
  const { lie, is_down: isDown } = read('state.json');
  if (isDown) {
    ctx.status = 503;
    return;
  }
  await next();
  if (lie && ctx.path === '/token' && ctx.body?.id_token) ctx.body.id_token = await lied(ctx.body.id_token, lie);
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  if (ctx.method === 'GET') {
    await provider.interactionDetails(ctx.req, ctx.res);
    ctx.type = 'html';
    ctx.body = '<!doctype html><title>Provider</title><h1>The provider</h1><form method="post"><label>Login '
      + '<input name="login" autofocus></label><button>Continue</button></form>';
    return;
  }
  const chunks = [];
  for await (const chunk of ctx.req) chunks.push(chunk);
  const accountId = new URLSearchParams(Buffer.concat(chunks).toString()).get('login');
  const result = read('state.json').accounts[accountId]
    ? { login: { accountId } }
    : { error: 'access_denied', error_description: 'the provider\'s own <b>words</b>' };
  ctx.respond = false;
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
});

provider.listen(setup.port, () => console.log(`listening on ${setup.port}`));
