import type { AppViewRoute, ControllerHandlerReturnType } from '@bull-board/api/typings/app';
import { ExpressAdapter } from '@bull-board/express';

/** Bull Board in Express, without fonts from another host, inline styles, and messages of errors. */
export class QuietExpressAdapter extends ExpressAdapter {
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    super();
    this.#onError = onError;
    this.app.disable('x-powered-by');
  }

  override setEntryRoute(entry: AppViewRoute): this {
    this.app[entry.method](entry.route, (_request, response, next) => {
      const { name, params } = entry.handler({ basePath: this.basePath, uiConfig: this.uiConfig });
      response.render(name, params, (error: Error | null, html: string) => {
        if (error) next(error);
        else response.type('html').send(withoutForeignParts(html));
      });
    });
    return this;
  }

  override setErrorHandler(_handler: (error: Error) => ControllerHandlerReturnType): this {
    return super.setErrorHandler((error) => {
      this.#onError(error);
      return { status: 500, body: { error: { key: 'ERRORS.INTERNAL_SERVER_ERROR' } } };
    });
  }
}

function withoutForeignParts(html: string): string {
  return html
    .replaceAll(/<link[^>]+href="https?:[^>]*>/g, '')
    .replaceAll(/<style>[\s\S]*?<\/style>/g, '')
    .replaceAll(/ style="[^"]*"/g, '')
    .replace('</body>', '<script defer src="/assets/presence.js"></script></body>');
}
