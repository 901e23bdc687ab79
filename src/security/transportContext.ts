/** A batch's key is used for one message only, so its nonce may be constant. */
export const TRANSPORT_NONCE = Buffer.alloc(12);

/** What a batch's ciphertext is bound to: another job, kind or count does not open. */
export function transportContext(jobId: string, kind: string, count: number): Buffer {
  return Buffer.from(`analytics transport v1|${kind}|${jobId}|${count}`);
}
