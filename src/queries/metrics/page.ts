import { z } from 'zod';

import { limits } from '../../contract/limits.js';

export const DEFAULT_PAGE = 100;

/** What takes a list on from page to page. */
export const pageShape = {
  /** The last item of the page before; what comes after it is listed. Default: from the first. */
  after: z.string().optional(),
  /** Items to list. Default: 100. */
  limit: z.int().min(1).max(limits.listSize).optional(),
};

export const PAGE_ALLOWED = { after: 'a string: the last item of the page before', limit: `a whole number from 1 to ${limits.listSize}` };
