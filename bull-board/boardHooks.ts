import type { BoardHooks, ControllerHandlerReturnType } from '@bull-board/api/typings/app';

import { isShown, projectAnswer } from './projectAnswer.js';

/** Sets of jobs that may be removed at once: what waits holds events that nobody has stored yet. */
const removable = new Set(['completed', 'failed']);

/**
 * Stands before and behind every route of Bull Board: only listed routes are asked, those that change something only
 * where `mayChange`, and only listed fields go out.
 */
export function boardHooks({ mayChange }: { readonly mayChange: boolean }): BoardHooks {
  return {
    before({ method, route, request }) {
      if (!isShown(method, route) || (method !== 'get' && !mayChange)) return { allow: false, status: 403 };
      const isBulkRemoval = route.endsWith('/clean/:queueStatus');
      if (isBulkRemoval && !removable.has(String(request.params['queueStatus']))) return { allow: false, status: 403 };
      return { allow: true };
    },
    after({ method, route }, { status = 200, body }) {
      // Bull Board passes on whatever comes back; its own type lists every body that it makes itself.
      return { status, body: projectAnswer(method, route, status, body) } as ControllerHandlerReturnType;
    },
  };
}
