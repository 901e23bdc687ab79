import { spreadOf, type Spread } from '../support/spread.js';

/** A line of the result. Figures are medians of the rounds; `spread` has the rest. */
export interface Row {
  readonly id: string;
  readonly what: string;
  readonly ours: number;
  /** The same of the peer that ran in the same rounds; null where there is none. */
  readonly peer: number | null;
  readonly unit: string;
  /** How many times better than the peer; null where there is none. */
  readonly ratio: number | null;
  readonly target: number;
  /** What the target is for. */
  readonly targetIs: 'least ratio' | 'most';
  readonly pass: boolean;
  /** Nothing was lost, refused or late: what holds even where figures mean nothing. */
  readonly sound: boolean;
  readonly spread: { readonly ours: Spread; readonly peer: Spread | null; readonly ratio: Spread | null };
  /** What else was seen, in words. */
  readonly notes: readonly string[];
}

export interface RowFigures {
  readonly id: string;
  readonly what: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** One figure a round. */
  readonly ours: readonly number[];
  /** Of the same rounds, in the same order. */
  readonly peer?: readonly number[];
  readonly target: number;
  readonly targetIs: Row['targetIs'];
  /** Whether nothing was lost, refused or late. Default: true. */
  readonly isSound?: boolean;
  readonly notes?: readonly string[];
}

/** Ratios are made within a round, since two rounds may have run on a machine in different moods. */
export function createRow(figures: RowFigures): Row {
  const { id, what, unit, better, target, targetIs, isSound = true, notes = [] } = figures;
  const ours = spreadOf(figures.ours);
  const peer = figures.peer === undefined ? null : spreadOf(figures.peer);
  const ratios = figures.peer?.map((theirs, round) => {
    const mine = figures.ours[round] ?? Number.NaN;
    return better === 'higher' ? mine / theirs : theirs / mine;
  });
  const ratio = ratios === undefined ? null : spreadOf(ratios);
  const isMet = targetIs === 'least ratio' ? (ratio?.median ?? 0) >= target : ours.median <= target;
  return {
    id,
    what,
    ours: ours.median,
    peer: peer?.median ?? null,
    unit,
    ratio: ratio?.median ?? null,
    target,
    targetIs,
    pass: isMet && isSound,
    sound: isSound,
    spread: { ours, peer, ratio },
    notes,
  };
}
