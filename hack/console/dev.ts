/** `npm run dev`: the console with hot reload on port 3002, before the API of `npm start` on 3001 (or `API_URL`). */
import { createServer } from 'vite';
import { SETTINGS } from './settings.ts';

const target = process.env['API_URL'] ?? 'http://127.0.0.1:3001';
const proxy = { '/api': { target, ws: true }, '/health': target, '/openapi.json': target };

const server = await createServer({
  ...SETTINGS,
  base: '/',
  server: { host: '127.0.0.1', port: 3002, strictPort: true, proxy },
  logLevel: 'info',
});
await server.listen();
server.printUrls();
