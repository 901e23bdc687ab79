import { clearForms } from '../../support/clearForms.js';
import { FormFinder } from '../../support/FormFinder.js';
import { planted } from './planted.js';

/** Finds what the load tracks, as text, in UTF-16, hex, base64 wherever it begins, and so on: see `clearForms`. */
export const plantedFinder = new FormFinder(Object.values(planted).flatMap(clearForms));
