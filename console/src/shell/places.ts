/** Where the navigation leads. */
import { Activity, House, Layers, type LucideIcon, Send, Server, Users } from 'lucide-react';

export interface Place {
  readonly to:
    | '/dashboard'
    | '/topics'
    | '/agents'
    | '/console'
    | '/consumer-groups'
    | '/monitoring';
  readonly title: string;
  /** Where there is little room. */
  readonly short: string;
  readonly icon: LucideIcon;
  /** Typed after `g`. */
  readonly key: string;
}

export const PLACES: readonly Place[] = [
  { to: '/dashboard', title: 'Dashboard', short: 'Home', icon: House, key: 'd' },
  { to: '/topics', title: 'Topics', short: 'Topics', icon: Layers, key: 't' },
  { to: '/consumer-groups', title: 'Consumer groups', short: 'Groups', icon: Users, key: 'c' },
  { to: '/agents', title: 'Agents', short: 'Agents', icon: Server, key: 'a' },
  { to: '/console', title: 'Producer', short: 'Send', icon: Send, key: 'p' },
  { to: '/monitoring', title: 'Monitoring', short: 'Metrics', icon: Activity, key: 'm' },
];
