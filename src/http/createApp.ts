import { randomUUID } from 'node:crypto';

import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler, type Response } from 'express';

import { BusyError } from '../errors/BusyError.js';
import { ServiceClosedError } from '../errors/ServiceClosedError.js';
import type { AnalyticsService } from '../lib/services/analytics/AnalyticsService.js';
import type { ActorOf } from './ActorOf.js';
import type { CredentialLockout } from './CredentialLockout.js';
import { answerHeaders, checkForm, checkHost, checkOrigin } from './doorkeeper.js';
import { HttpError } from './HttpError.js';
import { identify } from './identify.js';
import { describeApi } from './openApi.js';
import { apiOperations, type ApiOperation } from './operations.js';
import { problemOf, problemText, type Answer } from './problemOf.js';
import { readBody } from './readBody.js';
import type { Requests } from './Requests.js';
import { sendStream } from './sendStream.js';

export interface AppContext {
  readonly service: Pick<AnalyticsService, 'as' | 'authenticate'>;
  readonly requests: Requests;
  readonly lockout: CredentialLockout;
  readonly origins: readonly string[];
  readonly hosts: readonly string[] | undefined;
  readonly actorOf: ActorOf<Request> | undefined;
  readonly bodyBytes: number;
  /** Told of what is the service's own fault; the answer has the same id, and no word of the error. */
  readonly onError: (error: unknown, requestId: string) => void;
}

/** From a client an id is taken in this form alone, which is too small for anything else. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** 401 says how to come in, also where nothing was sent. */
const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="analytics"' };

/** The API as an application of express, which can be mounted in another one. */
export function createApp(context: AppContext): Express {
  const { requests, origins, hosts, onError } = context;
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing').set('query parser', false);
  app.use(giveId, ...answerHeaders());
  app.use(checkHost(hosts), checkForm, checkOrigin(origins));
  app.use(refuseWhileClosing(requests));
  const described = JSON.stringify(describeApi());
  app.get('/v1/openapi.json', (_request, response) => void response.type('json').send(described));
  for (const operation of apiOperations) app[operation.method === 'GET' ? 'get' : 'post'](operation.path, serve(operation, context));
  for (const path of new Set(['/v1/openapi.json', ...apiOperations.map((one) => one.path)])) app.all(path, refuseMethod(path));
  app.use(() => {
    throw new HttpError('NOT_FOUND', 'See /v1/openapi.json for what there is.');
  });
  app.use(answerErrors(requests, onError));
  return app;
}

const giveId: RequestHandler = (request, response, next) => {
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && UUID.test(given) ? given.toLowerCase() : randomUUID();
  response.locals['requestId'] = id;
  response.set('X-Request-Id', id);
  next();
};

function refuseWhileClosing(requests: Requests): RequestHandler {
  return (_request, _response, next) => {
    if (requests.isClosing) throw new ServiceClosedError('The request');
    next();
  };
}

function serve(operation: ApiOperation, { service, lockout, actorOf, requests, bodyBytes }: AppContext): RequestHandler {
  return async (request, response) => {
    requests.figures.requests += 1;
    const end = requests.begin(operation.kind === 'stream');
    if (end === undefined) throw new BusyError('requests', 1000);
    response.once('close', end);
    // Who it is comes first: from nobody nothing is read.
    const actor = await identify(request, { service, lockout, actorOf });
    if (actor === undefined) {
      sendNobody(response, requests);
      return;
    }
    const body = operation.body === undefined ? undefined : await readBody(request, bodyBytes);
    if (operation.kind === 'stream') await sendStream(response, operation.open(actor, body), { contentType: operation.typeOf(body), signal: requests.signal });
    else if (operation.kind === 'track') {
      const { status, headers, answer } = await operation.run(actor, body);
      response.status(status).set(headers).json(answer);
    } else response.json(await operation.run(actor, body));
  };
}

function refuseMethod(path: string): RequestHandler {
  const allowed = path === '/v1/openapi.json' ? ['GET'] : apiOperations.filter((one) => one.path === path).map(({ method }) => method);
  return () => {
    throw new HttpError('METHOD_NOT_ALLOWED', `It takes ${allowed.join(' and ')}.`, { Allow: allowed.join(', ') });
  };
}

function sendNobody(response: Response, requests: Requests): void {
  requests.figures.unauthenticated += 1;
  sendProblem(response, { status: 401, refusal: { code: 'UNAUTHENTICATED', detail: 'Send Authorization: Bearer, with a token or an API key.' }, headers: CHALLENGE });
}

function answerErrors(requests: Requests, onError: AppContext['onError']): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    const answer = problemOf(error);
    const { requestId } = response.locals;
    if (answer.isFault) {
      requests.figures.faults += 1;
      onError(error, String(requestId));
    } else requests.figures.refused += 1;
    if (answer.status === 401) requests.figures.unauthenticated += 1;
    // Of a stream that had begun the connection was cut.
    if (response.headersSent || response.destroyed) response.destroy();
    else sendProblem(response, answer);
  };
}

function sendProblem(response: Response, answer: Pick<Answer, 'status' | 'refusal' | 'headers'>): void {
  const body = problemText(answer, String(response.locals['requestId']));
  response.status(answer.status).set({ ...answer.headers, 'Content-Type': 'application/problem+json' }).end(body);
}
