import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Home() {
  return (
    <Page title="Home">
      <Loading />
    </Page>
  );
}
