import { canonicalKey, classifyKey } from '../security/guard/classifyKey.js';

const person =
  /(?:user|person|people|patient|client|member|customer|contact|therapist|clinician|doctor|physician|nurse|provider|counsell?or|guardian|parent|child|employee|staff|author|owner|caller|caregiver|visitor|subject|session|account|case)s?$/;
const naming = /(?:uuid|guid|uid|ids?|key|hash|number|no|code|ref|token|name)$/;

/** Whether a tag of a metric tells of one person by its name: `userId`, `patient`, `session_id`, `clientIp`. */
export function isPersonalTag(tag: string): boolean {
  const key = canonicalKey(tag);
  return person.test(key) || person.test(key.replace(naming, '')) || classifyKey(tag, undefined) !== undefined;
}
