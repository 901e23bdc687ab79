import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { z } from 'zod';

/** What the schema of CycloneDX 1.5 asks for, and what makes a list of use: where a package is from, and its hash. */
const componentSchema = z.object({
  'bom-ref': z.string().min(1),
  type: z.enum(['library', 'application', 'framework']),
  name: z.string().min(1),
  version: z.string().regex(/^\d+\.\d+\.\d+/),
  purl: z.string().regex(/^pkg:npm\/(%40[\w.~-]+\/)?[\w.~-]+@\d+\.\d+\.\d+/),
  hashes: z.array(z.object({ alg: z.enum(['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']), content: z.string().regex(/^([a-f0-9]{40}|[a-f0-9]{64}|[a-f0-9]{96}|[a-f0-9]{128})$/) })).optional(),
  licenses: z.array(z.union([z.object({ license: z.object({ id: z.string() }) }), z.object({ license: z.object({ name: z.string() }) }), z.object({ expression: z.string() })])).optional(),
});
const billSchema = z.object({
  $schema: z.literal('http://cyclonedx.org/schema/bom-1.5.schema.json'),
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.literal('1.5'),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  version: z.number().int().min(1),
  metadata: z.object({ timestamp: z.iso.datetime(), component: componentSchema }),
  components: z.array(componentSchema),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()).optional() })),
});
const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ version: z.string(), dev: z.boolean().optional(), integrity: z.string().optional() })),
});

let bill: z.output<typeof billSchema>;
let locked: { readonly name: string; readonly version: string; readonly isDev: boolean; readonly integrity: string | undefined }[];

beforeAll(() => {
  bill = billSchema.parse(JSON.parse(execFileSync('npm', ['run', '--silent', 'sbom'], { encoding: 'utf8', maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'ignore'] })));
  locked = Object.entries(lockSchema.parse(JSON.parse(readFileSync('package-lock.json', 'utf8'))).packages)
    .filter(([path]) => path !== '')
    .map(([path, { version, dev, integrity }]) => ({ name: path.slice(path.lastIndexOf('node_modules/') + 13), version, isDev: dev === true, integrity }));
});

describe('npm run sbom', () => {
  it('lists every package that the service runs with, in the version and with the hash that are locked, and no other', () => {
    const nameOf = ({ name, version }: { readonly name: string; readonly version: string }) => `${name}@${version}`;
    const needed = locked.filter(({ isDev }) => !isDev);
    expect(needed.length).toBeGreaterThan(50);
    expect(new Set(bill.components.map(nameOf))).toEqual(new Set(needed.map(nameOf)));
    const hashes = new Map(bill.components.map((component) => [nameOf(component), component.hashes?.map(({ content }) => content)]));
    for (const one of needed) {
      if (one.integrity === undefined) continue;
      const digest = Buffer.from(one.integrity.slice(one.integrity.indexOf('-') + 1), 'base64').toString('hex');
      expect([nameOf(one), hashes.get(nameOf(one))]).toEqual([nameOf(one), [digest]]);
    }
  });

  it('says of each what it depends on, by references that are there, each once', () => {
    const references = [bill.metadata.component, ...bill.components].map((component) => component['bom-ref']);
    expect(new Set(references).size).toBe(references.length);
    expect(bill.dependencies.map(({ ref }) => ref).toSorted()).toEqual(references.toSorted());
    expect(bill.dependencies.flatMap(({ dependsOn = [] }) => dependsOn).filter((ref) => !references.includes(ref))).toEqual([]);
  });

  it('is of this package, and names no place that it was made at', () => {
    const { name, version } = z.object({ name: z.string(), version: z.string() }).parse(JSON.parse(readFileSync('package.json', 'utf8')));
    expect(bill.metadata.component.name).toBe(name);
    expect(bill.metadata.component.purl).toBe(`pkg:npm/${name}@${version}`);
    expect(JSON.stringify(bill)).not.toMatch(/file:\/\/|localhost|\/home\/|\/work\//);
  });
});
