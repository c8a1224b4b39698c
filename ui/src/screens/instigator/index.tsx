import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Instigator() {
  return (
    <Page title="Automation">
      <Loading />
    </Page>
  );
}
