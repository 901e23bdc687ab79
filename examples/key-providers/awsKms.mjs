/**
 * A key provider for AWS KMS, over its JSON API and without its SDK: the key that wraps never leaves KMS.
 *
 *   ANALYTICS_KEY_PROVIDER=./examples/key-providers/awsKms.mjs
 *   AWS_REGION=eu-central-1  AWS_KMS_KEY_ID=alias/analytics  AWS_ACCESS_KEY_ID=…  AWS_SECRET_ACCESS_KEY=…
 *
 * The role needs kms:Encrypt to wrap and kms:Decrypt to unwrap. AWS_SESSION_TOKEN and AWS_ENDPOINT_URL_KMS are honoured. Where credentials
 * come from elsewhere (an instance's role), take @aws-sdk/client-kms: its Encrypt and Decrypt commands fit the same two functions.
 */
import { signRequest } from './signRequest.mjs';

export default function awsKms(environment = process.env) {
  const { AWS_REGION: region, AWS_KMS_KEY_ID: keyId, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = environment;
  if (!region || !keyId || !id || !secret) throw new Error('Set AWS_REGION, AWS_KMS_KEY_ID, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.');
  const url = new URL(environment.AWS_ENDPOINT_URL_KMS ?? `https://kms.${region}.amazonaws.com/`);

  const ask = async (action, content) => {
    const body = JSON.stringify(content);
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${action}`, ...(token && { 'x-amz-security-token': token }) };
    const signed = signRequest({ method: 'POST', url, headers, body, service: 'kms', region, credentials: { id, secret }, at: new Date() });
    const response = await fetch(url, { method: 'POST', headers: signed, body, redirect: 'error' });
    if (!response.ok) throw new Error(`KMS answered ${response.status}.`);
    return response.json();
  };

  // Bound to what it is for: KMS unwraps it under the same words only, and writes them to its own log.
  const EncryptionContext = { application: 'analytics-service' };
  return {
    async wrap(bytes) {
      const { CiphertextBlob } = await ask('Encrypt', { KeyId: keyId, Plaintext: Buffer.from(bytes).toString('base64'), EncryptionContext });
      return Buffer.from(CiphertextBlob, 'base64');
    },
    async unwrap(wrapped) {
      const { Plaintext } = await ask('Decrypt', { KeyId: keyId, CiphertextBlob: Buffer.from(wrapped).toString('base64'), EncryptionContext });
      return Buffer.from(Plaintext, 'base64');
    },
  };
}
