// Behind "npm run sbom": what the service runs with, as CycloneDX JSON on stdout, made from package-lock.json.
// "npm sbom --omit dev" would leave out packages that are needed at work and by a tool as well (ws is one), so this takes all and
// removes those that only development needs.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DEVELOPMENT = 'cdx:npm:package:development';

const root = fileURLToPath(new URL('..', import.meta.url));
// npm's own entry where npm started this, since Windows cannot run "npm" without a shell.
const [command, ...before] = process.env.npm_execpath === undefined ? ['npm'] : [process.execPath, process.env.npm_execpath];
const text = execFileSync(command, [...before, 'sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'], { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 });
const bill = JSON.parse(text);
const { name } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const isForWork = ({ properties = [] }) => !properties.some((property) => property.name === DEVELOPMENT && property.value === 'true');
const components = bill.components.filter(isForWork);
const kept = new Set([bill.metadata.component['bom-ref'], ...components.map((component) => component['bom-ref'])]);
const dependencies = bill.dependencies.filter(({ ref }) => kept.has(ref)).map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => kept.has(other)) }));
// npm calls the package by the folder that it lies in.
const metadata = { ...bill.metadata, component: { ...bill.metadata.component, name } };
process.stdout.write(`${JSON.stringify({ ...bill, metadata, components, dependencies }, undefined, 2)}\n`);
