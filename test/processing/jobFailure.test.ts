import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';

import { BatchError, readBatch } from '../../src/errors/BatchError.js';
import { AnalyticsError } from '../../src/errors/AnalyticsError.js';
import { KeyError } from '../../src/errors/KeyError.js';
import { jobFailure } from '../../src/ingestion/jobFailure.js';
import { unlessAborted } from '../../src/ingestion/unlessAborted.js';

const replyError = Object.assign(new Error('OOM command not allowed, the canary 4711'), { name: 'ReplyError' });

describe('jobFailure', () => {
  it.each([
    ['a batch that was changed', new KeyError('SEAL_BROKEN', 'It does not open.'), 'SEAL_BROKEN: It does not open.', true],
    ['a batch that cannot be read', new BatchError('It is cut off.'), 'STORE_INCONSISTENT: It is cut off.', true],
    ['a job of another version', z.object({ v: z.literal(1) }).safeParse({ v: 2 }).error, 'INVALID_JOB: what the job carries does not fit its schema', true],
    ['a key that is absent', new KeyError('KEY_UNAVAILABLE', 'Set it.'), 'KEY_UNAVAILABLE: Set it.', false],
    ['another key', new KeyError('KEY_MISMATCH', 'Set it.'), 'KEY_MISMATCH: Set it.', false],
    ['a store that holds something else', new AnalyticsError('STORE_INCONSISTENT', 'A key is taken.'), 'STORE_INCONSISTENT: A key is taken.', false],
    ['a Redis that refuses', replyError, 'REDIS_REFUSED: OOM', false],
    ['anything else', new TypeError('the canary 4711'), 'INTERNAL: TypeError', false],
    ['no error at all', 'the canary 4711', 'INTERNAL: a value that is no error was thrown', false],
  ])('says of %s what may be said, and whether a repeat can help', (_what, error, message, isFinal) => {
    expect(jobFailure(error)).toMatchObject({ message, isFinal, name: isFinal ? 'UnrecoverableError' : 'JobFailure' });
    expect(jobFailure(jobFailure(error)).message).toBe(message);
  });
});

describe('readBatch', () => {
  it('tells a batch that cannot be read from a store that cannot', () => {
    const read = (): never => {
      throw new AnalyticsError('STORE_INCONSISTENT', 'It is cut off.');
    };
    expect(() => readBatch(read)).toThrow(BatchError);
    expect(readBatch(() => 3)).toBe(3);
  });
});

describe('unlessAborted', () => {
  it('gives what the work comes to, or the reason of the abort, whichever is first', async () => {
    const controller = new AbortController();
    const never = new Promise<never>(() => undefined);
    await expect(unlessAborted(Promise.resolve(3), controller.signal)).resolves.toBe(3);
    const waiting = unlessAborted(never, controller.signal);
    controller.abort(new Error('late'));
    await expect(waiting).rejects.toThrow('late');
    await expect(unlessAborted(never, controller.signal)).rejects.toThrow('late');
  });
});
