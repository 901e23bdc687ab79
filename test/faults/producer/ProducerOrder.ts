import { z } from 'zod';

/** What a producer process is told when it starts, as JSON in the environment. */
export const producerOrderSchema = z.object({
  /** Its history is `{name}-{incarnation}.jsonl`; it repeats what those before it left unknown. */
  name: z.string(),
  incarnation: z.number().int().min(1),
  folder: z.string(),
  seed: z.number(),
  /** Events a second; what an outage held up is caught up with. */
  rate: z.number().positive(),
  /** Calls under way at a time. */
  inFlight: z.number().int().min(1),
  /** Also sends events that expire while the run goes on: only where the clean-up has to have something to do. */
  retentionMs: z.number(),
});
export type ProducerOrder = z.output<typeof producerOrderSchema>;

export const ORDER_VARIABLE = 'FAULTS_PRODUCER';

/** What the harness says to a producer, by IPC. */
export type ProducerCommand = 'pause' | 'resume' | 'finish';

/** What a producer says. `settled`: nothing is under way and nothing is left to repeat. */
export interface ProducerReport {
  readonly started: number;
  readonly acknowledged: number;
  readonly toRepeat: number;
  readonly underWay: number;
  readonly isFinished: boolean;
}
