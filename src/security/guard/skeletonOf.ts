// Letters of other scripts that look like Latin ones, and what they look like. One for one: places in the text stay.
const from = 'авеіјкмнорсԁһѕтухѵԛԝАВЕІЈКМНОРСЅТУХѴԚԜαεικνορτυχγΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɡℓ';
const into = 'abeijkmhopcdhstyxvqwABEIJKMHOPCSTYXVQWaeikvoptuxyABEZHIKMNOPTYXigl';
const lookalikes: ReadonlyMap<string, string> = new Map(Array.from(from, (character, place) => [character, into.charAt(place)]));
const pattern = new RegExp(`[${from}]`, 'g');

/** The text with lookalikes as the Latin letters that they pass for. As long as the text itself. */
export function skeletonOf(text: string): string {
  return text.replace(pattern, (character) => lookalikes.get(character) ?? character);
}
