/** The custom resources as templates of the chart, from `crds/`: Helm never upgrades what lies in a chart's own crds folder. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CRDS = join(import.meta.dirname, '../crds');

/** Labels it as part of the release, and keeps it when the release goes unless told otherwise. */
const ADDED_METADATA = `  labels:
    {{- include "streamhouse.labels" . | nindent 4 }}
  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}`;

/** One template per file of `crds/`, under the same name. */
export function generateChartDefinitions(outDir: string): void {
  for (const name of readdirSync(CRDS)) {
    const template = asTemplate(readFileSync(join(CRDS, name), 'utf8'));
    writeFileSync(join(outDir, name), template);
  }
}

function asTemplate(definition: string): string {
  const lines = definition.replaceAll('{{', '{{ "{{" }}').trimEnd().split('\n');
  const metadata = lines.indexOf('metadata:');
  if (metadata < 0 || lines.includes('  annotations:') || lines.includes('  labels:'))
    throw new Error('a definition needs metadata with neither labels nor annotations of its own');
  const body = lines.toSpliced(metadata + 1, 0, ADDED_METADATA).join('\n');
  return `{{- if .Values.crds.enabled }}\n${body}\n{{- end }}\n`;
}
