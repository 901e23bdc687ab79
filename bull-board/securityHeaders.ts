import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Everything comes from this server: no other host is asked for scripts, fonts or pictures, and nothing inline is run.
 * Styles that a script sets on an element are allowed by every policy; Bull Board needs no more.
 */
export function securityHeaders({ isProduction }: { readonly isProduction: boolean }): RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          'default-src': ["'self'"],
          'img-src': ["'self'", 'data:'],
          'object-src': ["'none'"],
          'base-uri': ["'self'"],
          'form-action': ["'self'"],
          'frame-ancestors': ["'none'"],
        },
      },
      // Told on plain HTTP it would be ignored, and on a developer's localhost it would hit every other port.
      strictTransportSecurity: isProduction,
      // With 'no-referrer' browsers would send forms with `Origin: null`, which `requireSameOrigin` refuses.
      referrerPolicy: { policy: 'same-origin' },
      xFrameOptions: { action: 'deny' },
      crossOriginEmbedderPolicy: true,
    }),
    (_request, response, next) => {
      response.set({ 'Cache-Control': 'no-store', 'Permissions-Policy': 'camera=(), geolocation=(), microphone=()' });
      next();
    },
  ];
}
