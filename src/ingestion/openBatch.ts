import type { SealedBatchPayload } from '../../queues/jobs.js';
import { KeyError } from '../errors/KeyError.js';
import type { KeyRing } from '../security/KeyRing.js';

/**
 * Opens what a producer sealed.
 *
 * @throws KeyError `KEY_MISMATCH` when it was sealed to another public key; `SEAL_BROKEN` when it was changed
 */
export async function openBatch(jobId: string, kind: string, payload: SealedBatchPayload, keyRing: KeyRing): Promise<Buffer> {
  if (keyRing.reading === undefined) {
    throw new KeyError('KEY_UNAVAILABLE', 'This process holds a public key only and cannot open batches. Set ANALYTICS_ENCRYPTION_KEY.');
  }
  const batch = { sealedKey: Buffer.from(payload.key, 'base64'), ciphertext: Buffer.from(payload.c, 'base64') };
  return keyRing.reading.transport.open(jobId, kind, payload.n, batch, payload.to);
}
