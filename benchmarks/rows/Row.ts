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
  readonly better: 'higher' | 'lower';
  readonly target: number;
  /** What the target is for. */
  readonly targetIs: 'least ratio' | 'most';
  /** A ratio that is tried for beyond the target. */
  readonly aim?: number;
  /** What our figure may be at most, whatever the ratio. */
  readonly most?: number;
  readonly pass: boolean;
  /** Nothing was lost, refused or late: what holds even where figures mean nothing. */
  readonly sound: boolean;
  readonly spread: { readonly ours: Spread; readonly peer: Spread | null; readonly ratio: Spread | null };
  /** CPU time of each process, in µs an event; medians of the rounds. */
  readonly cpuUs?: { readonly ours: CpuByProcess; readonly peer: CpuByProcess };
  /** The same figure with less and with more stored. */
  readonly growth?: Growth;
  /** What else was seen, in words. */
  readonly notes: readonly string[];
}

export type CpuByProcess = Readonly<Record<string, number>>;

export interface Growth {
  /** What `ours` and `peer` of a point are in. */
  readonly unit: string;
  /** From the smallest store to the largest. */
  readonly points: readonly GrowthPoint[];
}

export interface GrowthPoint {
  /** Events or samples stored. */
  readonly stored: number;
  readonly ours: number;
  readonly peer: number | null;
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
  readonly aim?: number;
  readonly most?: number;
  readonly cpuUs?: Row['cpuUs'];
  readonly growth?: Growth | undefined;
  /** Whether nothing was lost, refused or late. Default: true. */
  readonly isSound?: boolean;
  readonly notes?: readonly string[];
}

/** Ratios are made within a round, since two rounds may have run on a machine in different moods. */
export function createRow(figures: RowFigures): Row {
  const { id, what, unit, better, target, targetIs, aim, most, cpuUs, growth, isSound = true, notes = [] } = figures;
  const ours = spreadOf(figures.ours);
  const peer = figures.peer === undefined ? null : spreadOf(figures.peer);
  const ratios = figures.peer?.map((theirs, round) => {
    const mine = figures.ours[round] ?? Number.NaN;
    return better === 'higher' ? mine / theirs : theirs / mine;
  });
  const ratio = ratios === undefined ? null : spreadOf(ratios);
  const isMet = targetIs === 'least ratio' ? (ratio?.median ?? 0) >= target : ours.median <= target;
  const isWithin = most === undefined || ours.median <= most;
  return {
    id,
    what,
    ours: ours.median,
    peer: peer?.median ?? null,
    unit,
    ratio: ratio?.median ?? null,
    better,
    target,
    targetIs,
    ...(aim !== undefined && { aim }),
    ...(most !== undefined && { most }),
    pass: isMet && isWithin && isSound,
    sound: isSound,
    spread: { ours, peer, ratio },
    ...(cpuUs !== undefined && { cpuUs }),
    ...(growth !== undefined && { growth }),
    notes,
  };
}
