import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Run() {
  return (
    <Page title="Run">
      <Loading />
    </Page>
  );
}
