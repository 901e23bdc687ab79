/** What a check found wrong, in a sentence that says what to do. */
export interface Finding {
  readonly kind: 'refuse' | 'warn';
  readonly sentence: string;
}
