import { Painter } from "@/components/painter";
import { Writer } from "@/components/writer";

export default function Page() {
  return (
    <main>
      <h1>fal behind Next.js</h1>
      <Painter />
      <Writer />
    </main>
  );
}
