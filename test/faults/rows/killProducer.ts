import type { FaultRow } from './FaultRow.js';

export const killProducer: FaultRow = {
  id: 'kill-producer',
  what: 'kill -9 of producers in the midst of calls; the next process repeats what was not answered',
  parts: ['producers'],
  async run({ scene, random, last }) {
    for (const producer of random.shuffle(scene.producers).slice(0, random.whole(1, 3))) {
      await last(random.whole(0, 200));
      await producer.restart();
    }
  },
};
