import Head from "next/head";
import { Painter } from "@/components/painter";
import { Writer } from "@/components/writer";

export default function Page() {
  return (
    <main>
      <Head>
        <title>fal behind Next.js</title>
      </Head>
      <h1>fal behind Next.js</h1>
      <Painter />
      <Writer />
    </main>
  );
}
