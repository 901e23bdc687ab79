/** No child could be had for the job, or it was taken away to end the worker. */
export class NoChildError extends Error {}
