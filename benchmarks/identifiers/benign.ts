import { createRandom } from '../data/events.js';
import { Draw } from './Draw.js';

const nouns = 'session plan journal mood chart reminder library exercise goal profile report calendar message group lesson summary invoice ticket order dashboard report survey export import webhook template'.split(' ');
const verbs = 'open close save submit click select search share edit delete archive start finish cancel retry upload download print sort filter'.split(' ');
const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const agents = [
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/V Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:V) Gecko/20100101 Firefox/V',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/V Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 14; Pixel 8 Pro) AppleWebKit/537.36 Chrome/V Mobile Safari/537.36',
  'Mozilla/5.0 (X11; Ubuntu; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/V Safari/537.36',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Dalvik/2.1.0 (Linux; U; Android 13; SM-G991B Build/TP1A.220624.014)',
  'okhttp/V',
  'PostmanRuntime/V',
];

/** What product analytics hold: paths, buttons, titles, messages, versions, times, ids of things. Nothing of a person. */
const kinds: readonly ((draw: Draw) => string)[] = [
  (draw) => `/${draw.one(nouns)}/${draw.one(verbs)}`,
  (draw) => `/api/v${draw.whole(1, 4)}/${draw.one(nouns)}s/${draw.whole(1, 99_999)}/${draw.one(nouns)}`,
  (draw) => `/${draw.one(nouns)}/${draw.hex(24)}?tab=${draw.one(nouns)}&page=${draw.whole(1, 40)}&sort=${draw.one(['asc', 'desc'])}`,
  (draw) => `/search?q=${draw.one(nouns)}%20${draw.one(nouns)}&lang=en-US`,
  (draw) => `https://www.example.com/${draw.one(nouns)}/${draw.one(verbs)}-${draw.one(nouns)}-${draw.whole(1, 400)}?utm_source=${draw.one(['newsletter', 'google', 'app'])}&utm_campaign=${draw.one(nouns)}_${draw.whole(2020, 2026)}`,
  (draw) => `${draw.one(verbs)}-${draw.one(nouns)}-button`,
  (draw) => `${capitalised(draw.one(verbs))} ${capitalised(draw.one(nouns))}`,
  (draw) => `${capitalised(draw.one(nouns))} ${draw.one(nouns)} – ${capitalised(draw.one(nouns))} | Example App`,
  (draw) => `The ${draw.one(nouns)} could not be ${draw.one(['saved', 'loaded', 'opened', 'shared'])}: ${draw.one(['timeout after', 'HTTP status', 'retry'])} ${draw.whole(3, 5000)}`,
  (draw) => `${draw.one(['TypeError', 'RangeError', 'NetworkError'])}: Cannot read properties of undefined (reading '${draw.one(nouns)}')`,
  (draw) => `    at ${capitalised(draw.one(nouns))}.${draw.one(verbs)} (/app/dist/${draw.one(nouns)}.js:${draw.whole(1, 900)}:${draw.whole(1, 80)})`,
  (draw) => draw.one(agents).replaceAll('V', `${draw.whole(60, 130)}.${draw.whole(0, 9)}.${draw.whole(1000, 6999)}.${draw.whole(1, 200)}`),
  (draw) => `v${draw.whole(0, 20)}.${draw.whole(0, 40)}.${draw.whole(0, 400)}-${draw.one(['beta', 'rc'])}.${draw.whole(1, 9)}`,
  (draw) => `${draw.whole(2015, 2026)}-${String(draw.whole(1, 12)).padStart(2, '0')}-${String(draw.whole(1, 28)).padStart(2, '0')}T${String(draw.whole(0, 23)).padStart(2, '0')}:${String(draw.whole(0, 59)).padStart(2, '0')}:00.${draw.digits(3)}Z`,
  (draw) => String(draw.whole(1_500_000_000_000, 1_800_000_000_000)),
  (draw) => [8, 4, 4, 4, 12].map((count) => draw.hex(count)).join('-'),
  (draw) => draw.hex(draw.one([32, 40, 64])),
  (draw) => `${draw.one(nouns)}-${draw.whole(1, 99_999)}`,
  (draw) => `E_${draw.one(nouns).toUpperCase()}_${draw.one(verbs).toUpperCase()}`,
  (draw) => `${draw.whole(320, 3840)}x${draw.whole(480, 2160)}@${draw.whole(1, 3)}x`,
  (draw) => `rgba(${draw.whole(0, 255)}, ${draw.whole(0, 255)}, ${draw.whole(0, 255)}, 0.${draw.whole(1, 9)})`,
  (draw) => `#main > div.${draw.one(nouns)}:nth-child(${draw.whole(1, 9)}) button.${draw.one(verbs)}`,
  (draw) => `${draw.one(['America/New_York', 'Europe/Berlin', 'Asia/Tokyo', 'Australia/Sydney', 'Africa/Nairobi'])}`,
  (draw) => draw.one(['en-US', 'de-DE', 'fr-CA', 'pt-BR', 'zh-Hans-CN']),
  (draw) => `took ${draw.whole(1, 9000)} ms for ${draw.whole(1, 90)} of ${draw.whole(90, 900)} ${draw.one(nouns)}s`,
  (draw) => `$ ${draw.whole(1, 999)},${draw.digits(3)}.${draw.digits(2)}`,
  (draw) => `${draw.whole(1, 100)} % of ${draw.one(nouns)}s ${draw.one(['completed', 'opened', 'sent'])} in week ${draw.whole(1, 52)}`,
  (draw) => `${draw.one(nouns)}.${draw.one(verbs)}.${draw.one(['success', 'failure', 'p95', 'count'])}`,
  (draw) => `SELECT ${draw.one(nouns)}_id FROM ${draw.one(nouns)}s WHERE created_at > $1 LIMIT ${draw.whole(10, 500)}`,
  (draw) => `Please ${draw.one(verbs)} the ${draw.one(nouns)} before you ${draw.one(verbs)} the next ${draw.one(nouns)}. It takes about ${draw.whole(2, 30)} minutes.`,
  (draw) => `${draw.one(nouns)}_${draw.whole(1, 400)}.${draw.one(['pdf', 'csv', 'json', 'svg'])}`,
  (draw) => `Chapter ${draw.whole(1, 40)}: ${capitalised(draw.one(verbs))} Your ${capitalised(draw.one(nouns))}`,
  (draw) => `{"${draw.one(nouns)}":${draw.whole(1, 900)},"${draw.one(verbs)}":"${draw.one(nouns)}"}`,
  (draw) => `Version ${draw.whole(1, 30)}.${draw.whole(0, 9)} on Build ${draw.whole(10_000, 99_999)}`,
  (draw) => `${draw.one(['Cognitive Behavioural Therapy', 'Group Therapy', 'Breathing Exercise', 'Sleep Diary', 'Mood Tracker', 'Coping Skills', 'Safety Plan', 'Weekly Check In'])} ${draw.whole(1, 12)}`,
  (draw) => `Bestellung ${draw.one(['gespeichert', 'geöffnet', 'gelöscht'])}: ${draw.whole(1, 90)} Einträge für Übung ${draw.whole(1, 30)}`,
  (draw) => `${draw.one(['セッション', 'ジャーナル', 'リマインダー'])}を${draw.one(['開く', '保存', '削除'])} ${draw.whole(1, 99)}`,
  (draw) => `${draw.one(['Сохранить', 'Открыть', 'Удалить'])} ${draw.one(['план', 'отчёт', 'дневник'])} ${draw.whole(1, 99)}`,
  (draw) => `GET /${draw.one(nouns)}s/${draw.whole(1, 900)} HTTP/1.1 ${draw.one([200, 304, 404, 500])} ${draw.whole(100, 90_000)}`,
  (draw) => `experiment:${draw.one(nouns)}-${draw.one(verbs)}:variant-${draw.one(['a', 'b', 'control'])}`,
];

/** The same for the same seed. */
export function benignTexts(count: number, seed = 1): readonly string[] {
  const draw = new Draw(createRandom(seed));
  return Array.from({ length: count }, (_, place) => (kinds[place % kinds.length] ?? String)(draw));
}
