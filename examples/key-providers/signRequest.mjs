import { createHash, createHmac } from 'node:crypto';

/**
 * The headers of a request with AWS Signature Version 4 among them, for a URL without a query
 * (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 *
 * @param {{ method: string, url: URL, headers: Record<string, string>, body: string, service: string, region: string,
 *   credentials: { id: string, secret: string }, at: Date }} request `headers`: names in lower case
 * @returns {Record<string, string>}
 */
export function signRequest({ method, url, headers, body, service, region, credentials, at }) {
  const time = at.toISOString().replace(/[:-]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const signed = { ...headers, host: url.host, 'x-amz-date': time };
  const names = Object.keys(signed).sort();
  const canonical = [method, url.pathname, '', ...names.map((name) => `${name}:${signed[name].trim()}`), '', names.join(';'), sha256(body)].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = [day, region, service, 'aws4_request'].reduce((under, part) => hmac(under, part), `AWS4${credentials.secret}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex');
  return { ...signed, authorization: `AWS4-HMAC-SHA256 Credential=${credentials.id}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}` };
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
