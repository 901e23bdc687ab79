import type { BoardHooks, ControllerHandlerReturnType } from '@bull-board/api/typings/app';

import { isShown, projectAnswer } from './projectAnswer.js';

/**
 * Stands before and behind every route of Bull Board: only listed routes are asked, those that change something only
 * where `mayChange`, and only listed fields go out.
 */
export function boardHooks({ mayChange }: { readonly mayChange: boolean }): BoardHooks {
  return {
    before({ method, route }) {
      return !isShown(method, route) || (method !== 'get' && !mayChange) ? { allow: false, status: 403 } : { allow: true };
    },
    after({ method, route }, { status = 200, body }) {
      // Bull Board passes on whatever comes back; its own type lists every body that it makes itself.
      return { status, body: projectAnswer(method, route, status, body) } as ControllerHandlerReturnType;
    },
  };
}
