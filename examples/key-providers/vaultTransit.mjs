/**
 * A key provider for HashiCorp Vault's (or OpenBao's) transit engine: the key that wraps never leaves Vault.
 *
 *   ANALYTICS_KEY_PROVIDER=./examples/key-providers/vaultTransit.mjs
 *   VAULT_ADDR=https://vault.example.org:8200  VAULT_TOKEN_FILE=/run/secrets/vault-token  VAULT_TRANSIT_KEY=analytics
 *
 * The token needs `update` on transit/encrypt/KEY to wrap, and on transit/decrypt/KEY to unwrap.
 */
import { readFile } from 'node:fs/promises';

export default function vaultTransit(environment = process.env) {
  const { VAULT_ADDR: address, VAULT_TOKEN_FILE: tokenFile, VAULT_TRANSIT_KEY: key } = environment;
  if (!address || !tokenFile || !key) throw new Error('Set VAULT_ADDR, VAULT_TOKEN_FILE and VAULT_TRANSIT_KEY.');

  const ask = async (operation, body) => {
    const response = await fetch(new URL(`/v1/transit/${operation}/${encodeURIComponent(key)}`, address), {
      method: 'POST',
      // Read each time: an agent renews it in place.
      headers: { 'x-vault-token': (await readFile(tokenFile, 'utf8')).trim(), 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
    });
    if (!response.ok) throw new Error(`Vault answered ${response.status}.`);
    return (await response.json()).data;
  };

  return {
    async wrap(bytes) {
      const { ciphertext } = await ask('encrypt', { plaintext: Buffer.from(bytes).toString('base64') });
      return Buffer.from(ciphertext); // text: vault:v1:…
    },
    async unwrap(wrapped) {
      const { plaintext } = await ask('decrypt', { ciphertext: Buffer.from(wrapped).toString() });
      return Buffer.from(plaintext, 'base64');
    },
  };
}
