import './app.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createQueryClient } from './queries/api.ts';
import { createConsoleRouter } from './routes.tsx';
import { applyPreferences } from './ui/preferences.ts';
import { Toasts } from './ui/toast.tsx';

applyPreferences();
const root = document.querySelector('#root');
if (root === null) throw new Error('the page has no root');
const client = createQueryClient();
const router = createConsoleRouter();
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <Toasts>
        <RouterProvider router={router} />
      </Toasts>
    </QueryClientProvider>
  </StrictMode>,
);
