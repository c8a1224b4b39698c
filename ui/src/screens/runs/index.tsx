import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Runs() {
  return (
    <Page title="Runs">
      <Loading />
    </Page>
  );
}
