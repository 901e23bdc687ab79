/** Something that is not as it was written. */
export type Finding =
  | {
      readonly kind: 'record';
      readonly chain: string;
      /** Number of the first bad record of the chain. What comes behind it is not looked at. */
      readonly seq: number;
      readonly problem: string;
    }
  | { readonly kind: 'checkpoint'; readonly file: string; readonly line: number; readonly problem: string };

export interface VerifyReport {
  readonly findings: readonly Finding[];
  readonly chains: number;
  /** Records that were found good. */
  readonly records: number;
  /** Of those, how many no signature covers yet: the latest of each chain. */
  readonly unsigned: number;
  readonly statements: number;
}
