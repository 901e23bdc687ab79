/** One figure; null where it is not known. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | null | undefined];

/** The samples of one name, in the text format of Prometheus, https://prometheus.io/docs/instrumenting/exposition_formats. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly samples: readonly Sample[];
}

export function gauge(name: string, help: string, value: number | null | undefined | readonly Sample[]): Family {
  return { name: `analytics_${name}`, help, type: 'gauge', samples: typeof value === 'object' && value !== null ? value : [[{}, value]] };
}

/** The same family as one that only grows, until its process starts anew. */
export function counter(name: string, help: string, value: number | null | undefined | readonly Sample[]): Family {
  return { ...gauge(name, help, value), type: 'counter' };
}

export function seconds(ms: number | null | undefined): number | null {
  return ms == null ? null : ms / 1000;
}

/** Its lines; none where nothing is known. */
export function linesOf({ name, help, type, samples }: Family): string[] {
  const lines = samples.flatMap(([labels, value]) => {
    if (value == null) return [];
    // Labels are words of this file, and names of queues: none of them has anything to escape.
    const text = Object.entries(labels).map(([label, word]) => `${label}="${word}"`);
    return [`${name}${text.length === 0 ? '' : `{${text.join(',')}}`} ${value}`];
  });
  return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
}
