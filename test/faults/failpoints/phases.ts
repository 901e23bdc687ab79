/** The phases of a job in which its worker may die. */
export const phases = ['fetched', 'before-store', 'after-store', 'completed'] as const;
export type Phase = (typeof phases)[number];

export const PHASE_VARIABLE = 'FAULTS_PHASE';
/** Names a file. While it is there the worker dies at the next job; that takes the file away. */
export const FUSE_VARIABLE = 'FAULTS_FUSE';

/** What is written down before the worker dies, as JSON in `burntFile`. */
export interface Death {
  /** The job that was in this phase. */
  readonly jobId: string;
  /** The job that had been fetched along with the completion of that one. */
  readonly nextJobId?: string | undefined;
}

export function burntFile(fuse: string): string {
  return `${fuse}.burnt`;
}
