// Who is asking and in which language, put on every request to /graphql.
import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";
import type { Language } from "./words";

export type Session = { language: Language; login?: string; token?: string };

const SIGN_IN = "mutation($input: SignInInput!){signIn(input:$input){accessToken refusals{code message}}}";

export function fetcherFor(session: Session): Fetcher {
  return createGraphiQLFetcher({
    url: "/graphql",
    enableIncrementalDelivery: false,
    fetch: (url, init) => fetch(url, { ...init, headers: headersFor(session, init?.headers) }),
    // Opens on the first subscription, not before.
    wsClient: createClient({
      url: `${location.origin.replace(/^http/, "ws")}/graphql`,
      connectionParams: { "Accept-Language": session.language, Authorization: session.token && `Bearer ${session.token}` },
    }),
  });
}

/** The session of whom the service lets in; otherwise throws what it said, or nothing when it said nothing. */
export async function signIn(language: Language, login: string, password: string): Promise<Session> {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: headersFor({ language }, { "Content-Type": "application/json" }),
    body: JSON.stringify({ query: SIGN_IN, variables: { input: { login, password } } }),
  });
  const { data, errors } = await response.json().catch(() => ({}));
  if (data?.signIn?.accessToken) return { language, login, token: data.signIn.accessToken };
  const reasons: { message: string }[] = errors ?? data?.signIn?.refusals ?? [];
  throw new Error(reasons.map((each) => each.message).join(" "));
}

/** What is typed in GraphiQL's own headers tab wins over the strip. */
function headersFor({ language, token }: Session, typed?: HeadersInit): Headers {
  const headers = new Headers(typed);
  headers.set("Accept", "application/json");
  if (!headers.has("Accept-Language")) headers.set("Accept-Language", language);
  if (token && !headers.has("Authorization")) headers.set("Authorization", `Bearer ${token}`);
  return headers;
}
